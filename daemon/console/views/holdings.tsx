import type { OrderBody, PositionBody } from '../../contract/types/reads.ts';
import { openEndOrder } from '../acts/acts.ts';
import { openAdopt, openRelease } from '../acts/holder-acts.ts';
import { clock, price, signedUsdt, tone, usdt, words } from '../format.ts';
import { Empty, Panel, Pill, Table } from '../parts.tsx';
import { isRemote } from '../session/place.ts';
import { orders, positions } from '../state/store.ts';

export function PositionsPanel() {
  const open = positions.value;
  return (
    <Panel title="Positions" name="positions" note={open === null ? null : `${open.length} open`}>
      {open === null || open.length === 0 ? (
        <Empty>No position is open.</Empty>
      ) : (
        <Table
          label="Positions"
          head={['Symbol', 'Quantity', 'Value, USDT', 'Entry → mark', 'Profit, USDT', 'Liquidation']}
          figures={[1, 2, 3, 4, 5]}
        >
          {open.map((position) => (
            <tr key={position.symbol}>
              <th scope="row">
                {position.symbol}
                <span class="below">{position.holder ?? 'nobody'}</span>
                {isRemote() ? null : <Holding position={position} />}
              </th>
              <td class={`figure ${position.quantity.startsWith('-') ? 'short' : 'long'}`}>
                {position.quantity}
                <span class="below">{position.leverage === null ? '' : `${position.leverage}×`}</span>
              </td>
              <td class="figure">{usdt(position.notional_usdt)}</td>
              <td class="figure">
                {price(position.entry_price)}
                <span class="below">{price(position.mark_price)}</span>
              </td>
              <td class={`figure ${tone(position.unrealised_pnl_usdt)}`}>{signedUsdt(position.unrealised_pnl_usdt)}</td>
              <td class="figure">{price(position.liquidation_price)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

/** What waits for a person comes first. */
const RANK: Partial<Record<OrderBody['status'], number>> = { lost: 0, unknown: 1, in_flight: 2, pending_send: 3 };
const KIND: Partial<Record<OrderBody['status'], string>> = { lost: 'halted', unknown: 'reducing' };
const rankOf = (order: OrderBody): number => RANK[order.status] ?? 9;

export function OrdersPanel() {
  const open = [...(orders.value ?? [])].sort((a, b) => rankOf(a) - rankOf(b) || b.updated_at_ms - a.updated_at_ms);
  const lost = open.filter((order) => order.status === 'lost').length;
  const unknown = open.filter((order) => order.status === 'unknown').length;
  return (
    <Panel title="Open orders" name="orders" note={`${open.length} open, ${unknown} unknown, ${lost} lost`}>
      {open.length === 0 ? (
        <Empty>No order is open, unknown or lost.</Empty>
      ) : (
        <div class="scroll tall" tabIndex={0} role="region" aria-label="Open orders, list">
          <ul class="orders">
            {open.map((order) => (
              <Order key={order.client_order_id} order={order} />
            ))}
          </ul>
        </div>
      )}
    </Panel>
  );
}

function Order({ order }: { readonly order: OrderBody }) {
  const whose = order.foreign ? 'not ours' : (order.agent ?? 'the daemon');
  return (
    <li>
      <p class="order-head">
        <Pill kind={KIND[order.status] ?? 'plain'}>{words(order.status)}</Pill>
        <strong class={order.side === 'buy' ? 'long' : 'short'}>
          {order.side} {order.quantity} {order.symbol}
        </strong>
        <span>
          {order.limit_price === null ? words(order.order_type) : `at ${price(order.limit_price)}`}
          {order.reduce_only ? ', only reduces' : ''}
        </span>
        {order.status === 'lost' && !isRemote() ? (
          <button type="button" onClick={() => openEndOrder(order)}>
            End…<span class="hidden"> lost order {order.client_order_id}</span>
          </button>
        ) : null}
      </p>
      <p class="dim">
        {order.client_order_id}, of {whose}, filled {order.filled_quantity}, reserves{' '}
        {usdt(order.reserved_notional_usdt)} USDT, since {clock(order.updated_at_ms)}
      </p>
    </li>
  );
}

/** An operator's word on whose the symbol is. */
function Holding({ position }: { readonly position: PositionBody }) {
  const { holder, symbol } = position;
  return (
    <span class="holding">
      {holder == null ? null : (
        <button type="button" onClick={() => openRelease(position)}>
          Release…<span class="hidden"> {symbol}</span>
        </button>
      )}
      <button type="button" onClick={() => openAdopt(position)}>
        Adopt…<span class="hidden"> {symbol}</span>
      </button>
    </span>
  );
}
