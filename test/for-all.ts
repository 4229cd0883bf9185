import fc from 'fast-check';

/** Holds for all that is drawn, unless the check throws or is false; what fails is shrunk, and printed with its seed. */
export function forAll<Ts extends [unknown, ...unknown[]]>(
  drawn: { [K in keyof Ts]: fc.Arbitrary<Ts[K]> },
  settings: fc.Parameters<NoInfer<Ts>>,
  check: (...values: Ts) => unknown,
): void {
  fc.assert(
    fc.property<Ts>(...drawn, (...values) => check(...values) !== false),
    settings,
  );
}
