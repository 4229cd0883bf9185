/** A table as text: the same for Markdown and the page. Notes are plain sentences. */
export interface ReportTable {
  readonly title: string;
  readonly note: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}
