/** tsray within the test's own process, from the same JSON that the command line takes. */
export interface Tsray {
  /** The port of the inbound with this tag. */
  port(tag: string): number;
  close(): Promise<void>;
}

export interface TsrayOptions {
  readonly vmessPadding?: boolean;
}

export function startTsray(_config: object, _options: TsrayOptions = {}): Promise<Tsray> {
  return Promise.reject(new Error('the instance is not there yet'));
}
