/** A log that keeps its lines, and one connection's context to go with it. */
import type { ConnContext } from '../../src/contract/conn-context.js';
import type { Logger, LogLevel } from '../../src/contract/logger.js';
import { parseAddress } from '../../src/core/net/address.js';
import type { Destination, Network } from '../../src/core/net/destination.js';

export class RecordingLog implements Logger {
  /** `level: message`. */
  readonly lines: string[] = [];

  debug(message: string): void {
    this.lines.push(`debug: ${message}`);
  }

  info(message: string): void {
    this.lines.push(`info: ${message}`);
  }

  warning(message: string): void {
    this.lines.push(`warning: ${message}`);
  }

  error(message: string): void {
    this.lines.push(`error: ${message}`);
  }

  enabled(_level: LogLevel): boolean {
    return true;
  }

  scoped(_area: string): Logger {
    return this;
  }

  session(_id: number): Logger {
    return this;
  }
}

export function destinationOf(network: Network, host: string, port: number): Destination {
  return { network, address: parseAddress(host), port };
}

/** The context of a client at 192.0.2.7:1234. */
export function contextFor(destination: Destination, more: Partial<ConnContext> = {}): ConnContext {
  return {
    id: 1,
    source: destinationOf('tcp', '192.0.2.7', 1234),
    sourceText: '192.0.2.7:1234',
    inboundTag: '',
    destination,
    level: 0,
    log: new RecordingLog(),
    ...more,
  };
}
