/**
 * The value that a rising sort of `values[0 .. count)` would put at `nth`, in expected O(count); the values change their
 * places. Precondition: no NaN, 0 <= nth < count.
 */
export function selectNth(values: Float64Array, count: number, nth: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const pivot = middleOf(values[low]!, values[(low + high) >>> 1]!, values[high]!);
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left]! < pivot) left += 1;
      while (values[right]! > pivot) right -= 1;
      if (left > right) break;
      const value = values[left]!;
      values[left] = values[right]!;
      values[right] = value;
      left += 1;
      right -= 1;
    }
    // What lies between the two parts equals the pivot.
    if (nth <= right) high = right;
    else if (nth >= left) low = left;
    else return pivot;
  }
  return values[nth]!;
}

function middleOf(a: number, b: number, c: number): number {
  if (a < b) return b < c ? b : Math.max(a, c);
  return a < c ? a : Math.max(b, c);
}
