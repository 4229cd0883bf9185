/** A page in Markdown, or a TypeScript source, of which sentences are promises. Its ids are `PREFIX-1`, `PREFIX-2`, … */
export interface Text {
  readonly prefix: string;
  readonly title: string;
  /** From the root of the repository. */
  readonly path: string;
  /** Headings of the parts of a page that are covered, without those below them. Absent: the whole page. */
  readonly parts?: readonly string[];
  /** Of a source: words in quotes are a text without a full stop, too, and belong to the object that has them. */
  readonly hasBareTexts?: true;
}

/** In each of these every sentence has an id or is marked as a note. Sources that make up one text share its prefix. */
export const TEXTS: readonly Text[] = [
  { prefix: 'TM', title: 'Threat model', path: 'docs/threat-model.md' },
  { prefix: 'EX', title: 'Exits', path: 'docs/exits.md' },
  { prefix: 'AP', title: 'Approvals', path: 'docs/approvals.md' },
  { prefix: 'AL', title: 'Alerts', path: 'docs/alerts.md' },
  {
    prefix: 'LE',
    title: 'Ledger',
    path: 'docs/ledger.md',
    parts: [
      'Format',
      'Verify',
      'Anchors',
      'Checkpoints',
      'Archives',
      'Back up and replicate',
      'Full disk',
      'A disk that hangs',
      'Erase text',
    ],
  },
  { prefix: 'PK', title: 'Policy keys', path: 'daemon/contract/policy/policy.ts' },
  { prefix: 'PK', title: 'Policy keys: budgets', path: 'daemon/core/keys/budgets.ts' },
  {
    prefix: 'PK',
    title: 'Policy keys: market, account, trust, approvals',
    path: 'daemon/contract/policy/policy-sections.ts',
  },
  { prefix: 'PK', title: 'Policy keys: limits of one agent', path: 'daemon/contract/policy/agent-limits.ts' },
  { prefix: 'PK', title: 'Policy keys: factors and rates', path: 'daemon/contract/policy/policy-values.ts' },
  { prefix: 'TD', title: 'Tools', path: 'daemon/contract/catalogue/catalogue.ts' },
  { prefix: 'TD', title: 'Tools in brief', path: 'daemon/contract/catalogue/brief-catalogue.ts' },
  { prefix: 'TF', title: 'Arguments of tools', path: 'daemon/contract/tools.ts' },
  { prefix: 'TF', title: 'Fields', path: 'daemon/contract/schema/fields.ts' },
  { prefix: 'AN', title: 'Answers: decisions', path: 'daemon/contract/decision.ts' },
  { prefix: 'AN', title: 'Answers: why', path: 'daemon/contract/explanation.ts' },
  { prefix: 'AN', title: 'Answers in brief', path: 'daemon/contract/catalogue/brief.ts' },
  { prefix: 'AN', title: 'Answers: what several have', path: 'daemon/contract/bodies/shared.ts' },
  { prefix: 'AN', title: 'Answers: decided requests', path: 'daemon/contract/bodies/decisions.ts' },
  { prefix: 'AN', title: 'Answers: approvals', path: 'daemon/contract/bodies/approvals.ts' },
  { prefix: 'AN', title: 'Answers: orders, positions, account and markets', path: 'daemon/contract/bodies/reads.ts' },
  { prefix: 'AN', title: 'Answers: limits', path: 'daemon/contract/bodies/limits.ts' },
  { prefix: 'AN', title: 'Answers: policies and arming', path: 'daemon/contract/bodies/policies.ts' },
  { prefix: 'AN', title: 'Answers: alerts', path: 'daemon/contract/bodies/alerts.ts' },
  { prefix: 'AN', title: 'Answers: states, signals and acts', path: 'daemon/contract/bodies/operator.ts' },
  { prefix: 'AN', title: 'Answers to everybody', path: 'daemon/contract/bodies/open.ts' },
  { prefix: 'AN', title: 'Accounts by agent', path: 'daemon/contract/accounts.ts' },
  { prefix: 'AN', title: 'Access tokens', path: 'daemon/contract/tokens.ts' },
  { prefix: 'AN', title: 'Passkeys', path: 'daemon/contract/passkeys.ts' },
  { prefix: 'AN', title: 'Proof of the daemon', path: 'daemon/contract/bodies/proof.ts' },
  { prefix: 'AN', title: 'Receipts', path: 'daemon/contract/bodies/receipt.ts' },
  { prefix: 'AN', title: 'Recorded context', path: 'daemon/contract/context.ts' },
  { prefix: 'TF', title: 'Bodies and queries of routes', path: 'daemon/contract/commands.ts' },
  { prefix: 'AK', title: 'Keys of alert routes', path: 'daemon/contract/alerts.ts' },
  { prefix: 'AN', title: 'States of an execution', path: 'daemon/contract/execution-states.ts', hasBareTexts: true },
  { prefix: 'MI', title: 'What MCP tells', path: 'daemon/mcp/texts.ts' },
];

/** An id of any of these texts, wherever it stands. */
export const ID = new RegExp(`\\b(?:${TEXTS.map(({ prefix }) => prefix).join('|')})-[1-9]\\d*\\b`, 'g');
