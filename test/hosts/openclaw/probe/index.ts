import type { HostTool, PluginHost } from '../../../../integrations/openclaw/host.ts';

function describe(name: string): HostTool {
  return {
    name,
    label: name,
    description: 'Does nothing.',
    parameters: { type: 'object', properties: {}, additionalProperties: true },
    execute: async () => ({ content: [{ type: 'text', text: 'ran' }], details: { verdict: 'ran' } }),
  };
}

export default {
  id: 'probe',
  name: 'Probe',
  description: 'Two tools that do nothing.',
  register(host: PluginHost): void {
    for (const name of ['probe_asked', 'probe_unasked']) host.registerTool(() => describe(name), { name });
  },
};
