import { build, type Rollup } from 'vite';

const ENTRY = 'virtual:entry';

/** One file with all that this code imports, for the daemon: a start reads one file faster than hundreds. */
export async function bundleModule(root: string, code: string): Promise<string> {
  const output = (await build({
    root,
    configFile: false,
    envFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? code : null),
      },
    ],
    build: {
      write: false,
      target: 'es2023',
      minify: true,
      rollupOptions: {
        input: ENTRY,
        preserveEntrySignatures: 'strict',
        output: { format: 'es', entryFileNames: 'bundle.js' },
      },
    },
  })) as Rollup.RollupOutput;
  const [chunk, ...others] = output.output;
  if (others.length > 0) throw new Error('a bundle is one file');
  return chunk.code;
}
