/** Why HandlerService refuses something. */

/** From the outermost reason to the innermost, each with the part of V2Ray that says so; the caller's family writes it out. */
export class HandlerFault extends Error {
  override readonly name = 'HandlerFault';
  readonly reasons: readonly (readonly [area: string, text: string])[];

  constructor(...reasons: readonly (readonly [area: string, text: string])[]) {
    super(reasons.map(([, text]) => text).join(' > '));
    this.reasons = reasons;
  }
}
