import { percent, price, words } from '../format.ts';
import { Empty, Panel, Pill, Table } from '../parts.tsx';
import { markets } from '../state/store.ts';

const KIND: Readonly<Record<string, string>> = { calm: 'active', volatile: 'reducing', extreme: 'halted' };

export function MarketPanel() {
  const known = markets.value ?? [];
  return (
    <Panel title="Market" name="market">
      {known.length === 0 ? (
        <Empty>No market is known yet.</Empty>
      ) : (
        <Table
          label="Market by symbol"
          head={['Symbol', 'Regime', 'Because of', 'Mark', 'Bid, ask', 'Volatility, usual', 'Funding, 8 h']}
          figures={[3, 4, 5, 6]}
        >
          {known.map((market) => (
            <tr key={market.symbol}>
              <th scope="row">{market.symbol}</th>
              <td>
                <Pill kind={KIND[market.regime] ?? 'plain'}>{market.regime}</Pill>
              </td>
              <td>{market.regime_cause === 'none' ? 'nothing unusual' : words(market.regime_cause)}</td>
              <td class="figure">{price(market.mark_price)}</td>
              <td class="figure">
                {price(market.bid)}
                <span class="below">{price(market.ask)}</span>
              </td>
              <td class="figure">
                {percent(market.sigma)}
                <span class="below">{percent(market.sigma_baseline)}</span>
              </td>
              <td class="figure">{percent(market.funding_rate_8h, 4)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
