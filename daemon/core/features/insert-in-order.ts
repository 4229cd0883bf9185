/**
 * Puts a value into a sorted list, behind its equals: lists built by it alone are what a stable sort makes of the values
 * in the order of their coming. Quick while values come nearly in order, as round trips do.
 */
export function insertInOrder<T>(sorted: T[], value: T, compare: (a: T, b: T) => number): void {
  let at = sorted.length;
  sorted.push(value);
  for (; at > 0 && compare(sorted[at - 1]!, value) > 0; at -= 1) sorted[at] = sorted[at - 1]!;
  sorted[at] = value;
}
