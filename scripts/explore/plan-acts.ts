/** Those of whom two must approve what is large. */
export type ApproverName = 'operator' | 'second';

/** What happens to alerts on their way out. */
export type AlertAct =
  /** A receiver answers so for a while. */
  | {
      readonly kind: 'receiver';
      readonly channel: 'phone' | 'desk';
      readonly answer: ReceiverAnswer;
      readonly forMs: number;
    }
  /** The operator saves another file of routes; `isAccepted`: and accepts it where it is looser. */
  | { readonly kind: 'routes'; readonly edit: RoutesEdit; readonly isAccepted?: boolean }
  | { readonly kind: 'test_alerts' };
/** `silent`: it takes the message and never answers; `gone`: nobody is there. */
export type ReceiverAnswer = 'refuses' | 'busy' | 'slow' | 'silent' | 'gone';
export type RoutesEdit = 'original' | 'fewer' | 'elsewhere' | 'more' | 'broken';

/** What people do where money is real. */
export type LiveAct =
  /** The daemon is stopped, armed for so long, and started again. */
  | { readonly kind: 'arm'; readonly forMs: number }
  /** Somebody signs the arming, and accepts the policy that waits. */
  | { readonly kind: 'sign'; readonly who: ApproverName };
