/** `npm run test:mcp`: the inspector and the conformance scenarios of the protocol's own project. */
import { isSupportedNode } from '../node-line.mjs';
import { runForeign } from './run.mjs';

process.exitCode = runForeign({
  name: 'mcp-tools-2026.11',
  packages: {
    '@modelcontextprotocol/inspector': {
      version: '2.12.0',
      integrity: 'sha512-ppfN5+HnVWo6dY7jz5RMFUFTfEYPnFUjN3XN2w6PI6nmB/AFFXPGPfLBRvCeSx+qIH6kpi7Nsz5HYRp49loHpA==',
    },
    '@modelcontextprotocol/conformance': {
      version: '0.1.16',
      integrity: 'sha512-GI7qiN0r39/MH2srVUR3AXaEN0YLCro20lIBbnvc1frBhszenxvUifBuTzxeVQVagILfBzCIcnungUOma8OrgA==',
    },
  },
  runs: isSupportedNode,
  tests: 'test/hosts/mcp/official-tools.ts',
});
