/**
 * Parts of so many lots in proportion to what is held: what rounding leaves goes to those that lost the most by it, in
 * alphabetical order among equals. They come first.
 */
export function apportion(held: ReadonlyMap<string, number>, lots: number): { readonly name: string; lots: number }[] {
  const total = [...held.values()].reduce((sum, share) => sum + share, 0);
  const due = Math.min(lots, total);
  if (due <= 0) return [];
  const parts = [...held].map(([name, share]) => {
    const exact = due * share;
    return { name, share, lots: Math.floor(exact / total), rest: exact % total };
  });
  parts.sort((a, b) => b.rest - a.rest || (a.name < b.name ? -1 : 1));
  let left = due - parts.reduce((sum, part) => sum + part.lots, 0);
  for (const part of parts) {
    const more = left > 0 && part.lots < part.share ? 1 : 0;
    left -= more;
    part.lots += more;
  }
  return parts;
}
