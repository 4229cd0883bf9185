/** An entry of the ledger. */
export interface Entry<Payload> {
  readonly seq: number;
  readonly at_ms: number;
  readonly payload: Payload;
}
/** How each kind of record changes the book. Null: no decision may see one, since it is recorded past the gate. */
export type FoldTable<Book, Records> = {
  readonly [Kind in keyof Records]: ((book: Book, entry: Entry<Records[Kind]>) => void) | null;
};
