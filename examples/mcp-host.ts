/** The smallest host of MCP: starts `./holdfast mcp`, lists the tools and places one paper order. */
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const script = fileURLToPath(new URL('../scripts/holdfast.mjs', import.meta.url));
const args = [script, 'mcp', ...process.argv.slice(2)];
const client = new Client({ name: 'example-host', version: '1.0.0' });
await client.connect(new StdioClientTransport({ command: process.execPath, args }));
console.log(client.getInstructions());
const { tools } = await client.listTools();
console.log(tools.map((tool) => tool.name).join(' '));
const answer = await client.callTool({
  name: 'place_order',
  arguments: {
    symbol: 'BTCUSDT',
    intent: 'open',
    side: 'buy',
    requested_notional: 200,
    requested_leverage: 1,
    order_type: 'market',
    max_slippage_bps: 10,
    strategy_id: 'mcp-host',
    request_id: `example-${Date.now()}`,
  },
});
console.log(JSON.stringify(answer.structuredContent, null, 2));
await client.close();
