/** A style sheet is bundled by its import, and has no value. */
declare module '*.css';
