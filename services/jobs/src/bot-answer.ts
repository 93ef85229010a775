/** What a bot makes of a customer's message. */
export interface BotAnswer {
  /** Undefined: it says nothing. */
  readonly reply: string | undefined;
  /** A person is to take over. */
  readonly handsOff: boolean;
}
