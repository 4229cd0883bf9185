/** `npm run test:openclaw`: the plugin in a real OpenClaw gateway. The first run brings 650 MB. */
import { runForeign } from './run.mjs';

process.exitCode = runForeign({
  name: 'openclaw-2026.9.6',
  packages: {
    openclaw: {
      version: '2026.9.6',
      integrity: 'sha512-Ie0kyQSCVfFqixsgVg39vevUDq01Ch5u3+7Yu5Y3qARczmdAe+lzp8bVnO9925rHiW/+CFp70zfORCyPmCH31g==',
    },
  },
  /** `engines` of that version: >=24.16.0 <25 || >=26.1.0. */
  runs: (version) => {
    const [major, minor] = version.split('.').map(Number);
    return (major === 24 && minor >= 16) || (major === 26 && minor >= 1) || major > 26;
  },
  tests: 'test/hosts/openclaw/real-gateway.ts',
});
