import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export interface TokenFieldProps {
  readonly label: string;
  readonly value: string;
  /** The dialog that it is in opens with the keyboard here. */
  readonly autofocus?: boolean;
  readonly onInput: (value: string) => void;
  /** Why the token, or what was asked with it, was refused; null: it was not. */
  readonly fault: ComponentChildren | null;
}

/** Where a token is typed, and what was wrong with it. Nothing keeps it. */
export function TokenField({ label, value, autofocus = false, onInput, fault }: TokenFieldProps) {
  const error = useId();
  return (
    <>
      <label>
        {label}
        <input
          name="token"
          type="password"
          required
          autofocus={autofocus}
          autocomplete="off"
          spellcheck={false}
          value={value}
          aria-describedby={fault === null ? undefined : error}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      </label>
      {fault === null ? null : (
        <p id={error} class="fault" role="alert">
          {fault}
        </p>
      )}
    </>
  );
}
