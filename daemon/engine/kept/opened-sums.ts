const BUCKET_MS = 60_000;
/** The longest window of a policy. */
const KEEP_MS = 86_400_000;

interface Bucket {
  readonly index: number;
  approved: number;
  unapproved: number;
}

/**
 * What one agent opened, with and without an approval, by the minute. A minute counts until all of it has left the window:
 * never too small a sum.
 */
export class OpenedSums {
  private readonly buckets: Bucket[] = [];

  add(tMs: number, usdt: number, isApproved: boolean): void {
    const index = Math.floor(tMs / BUCKET_MS);
    let last = this.buckets.at(-1);
    if (last === undefined || last.index < index) {
      last = { index, approved: 0, unapproved: 0 };
      this.buckets.push(last);
      const first = Math.floor((tMs - KEEP_MS) / BUCKET_MS);
      const kept = this.buckets.findIndex((bucket) => bucket.index >= first);
      if (kept > 0) this.buckets.splice(0, kept);
    }
    if (isApproved) last.approved += usdt;
    else last.unapproved += usdt;
  }

  sum(tMs: number, windowMs: number): { readonly approved: number; readonly unapproved: number } {
    const first = Math.floor((tMs - windowMs) / BUCKET_MS);
    let approved = 0;
    let unapproved = 0;
    for (let i = this.buckets.length - 1; i >= 0; i -= 1) {
      const bucket = this.buckets[i] as Bucket;
      if (bucket.index < first) break;
      approved += bucket.approved;
      unapproved += bucket.unapproved;
    }
    return { approved, unapproved };
  }
}
