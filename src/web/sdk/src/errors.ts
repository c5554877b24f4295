// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Problem } from "./types.ts";

/** What the bridge refused: `errorName` is the D-Bus error's name, `setting` the key of hive.conf that refused. */
export class HiveError extends Error {
  override name = "HiveError";
  readonly status: number;
  readonly errorName: string;
  readonly setting: string | undefined;
  /** Seconds, where the bridge said when to come again. */
  readonly retryAfter: number | undefined;

  constructor(status: number, problem: Partial<Problem>, retryAfter?: number) {
    super(problem.detail ?? `The bridge answered ${status}`);
    this.status = status;
    this.errorName = problem.error ?? "";
    this.setting = problem.setting;
    this.retryAfter = retryAfter;
  }

  /** "org.rbee.Hive.Error.Busy" is "Busy". */
  get shortName(): string {
    return shortErrorName(this.errorName);
  }
}

/** No bridge answers: it is away, or the network is. */
export class HiveUnreachableError extends Error {
  override name = "HiveUnreachableError";
}

/** The job's stream ended in `[ERROR]`. */
export class JobFailedError extends Error {
  override name = "JobFailedError";
  readonly jobId: string;
  readonly errorName: string;

  constructor(jobId: string, errorName: string, message: string) {
    super(message);
    this.jobId = jobId;
    this.errorName = errorName;
  }

  get shortName(): string {
    return shortErrorName(this.errorName);
  }
}

/** The job's stream ended in `[CANCELLED]`. */
export class JobCancelledError extends Error {
  override name = "JobCancelledError";
  readonly jobId: string;

  constructor(jobId: string) {
    super(`Job ${jobId} was cancelled`);
    this.jobId = jobId;
  }
}

export function shortErrorName(errorName: string): string {
  return errorName.slice(errorName.lastIndexOf(".") + 1);
}
