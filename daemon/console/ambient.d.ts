/** A style sheet is bundled by its import, and has no value. */
declare module '*.css';
/** The address of an image, with the hash in its name. */
declare module '*.svg' {
  const address: string;
  export default address;
}

/** The schemas, whose types the page reads, also check what is sent: this name of Node stands there, not in the page. */
declare const Buffer: { byteLength(text: string, encoding: 'utf8'): number };
