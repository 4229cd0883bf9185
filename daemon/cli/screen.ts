/** The terminal that the verb of this process prints to; a run sets it before its verb. */
export const screen = {
  /** Its width in columns; infinite where the output is no terminal: scripts get their lines whole. */
  columns: Number.POSITIVE_INFINITY,
};
