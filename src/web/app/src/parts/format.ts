// SPDX-License-Identifier: LGPL-2.1-or-later
import { currentLocale } from "../i18n.ts";

/** Times of the hive are µs since the epoch. */
export const microseconds = (time: number) => new Date(time / 1000);

const inUnit = (amount: number, unit: string, digits: number) =>
  new Intl.NumberFormat(currentLocale(), {
    style: "unit",
    unit,
    unitDisplay: "narrow",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(amount);

/** 0.4s, 12s, 2:34, 1:02:34; "" where it is too short to matter. @whole: of seconds, for what goes on. */
export function formatDuration(milliseconds: number, whole = false): string {
  const seconds = Math.max(0, milliseconds / 1000);
  if (whole && seconds < 60) return inUnit(Math.floor(seconds), "second", 0);
  if (seconds < 0.095) return "";
  if (seconds < 59.5) return inUnit(seconds, "second", seconds < 9.95 ? 1 : 0);
  const total = Math.round(seconds);
  const parts = [Math.floor(total / 60) % 60, total % 60].map((part) => String(part).padStart(2, "0"));
  const hours = Math.floor(total / 3600);
  return hours > 0 ? `${hours}:${parts.join(":")}` : `${Math.floor(total / 60)}:${parts[1]}`;
}

/** "5 minutes", "1 hour" */
export function formatMinutes(minutes: number): string {
  const whole = minutes % 60 === 0;
  return new Intl.NumberFormat(currentLocale(), { style: "unit", unit: whole ? "hour" : "minute", unitDisplay: "long" }).format(
    whole ? minutes / 60 : minutes,
  );
}

const SIZES = ["KB", "MB", "GB", "TB"] as const;

/** "3 bytes", "1.5 MB": by 1024, as hivectl and the hive's own sentences have it. */
export function formatSize(bytes: number): string {
  let unit = -1;
  // 1023.95 would be written as "1,024.0".
  while (bytes >= (unit < 0 ? 1024 : 1023.95) && unit < SIZES.length - 1) {
    bytes /= 1024;
    unit++;
  }
  if (unit < 0) return new Intl.NumberFormat(currentLocale(), { style: "unit", unit: "byte", unitDisplay: "long" }).format(bytes);
  return `${new Intl.NumberFormat(currentLocale(), { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(bytes)} ${SIZES[unit]}`;
}

export function formatNumber(number: number): string {
  return new Intl.NumberFormat(currentLocale()).format(number);
}

export function formatPercent(share: number): string {
  return new Intl.NumberFormat(currentLocale(), { style: "percent", maximumFractionDigits: 0 }).format(share);
}

export function formatList(names: readonly string[]): string {
  return new Intl.ListFormat(currentLocale(), { type: "unit", style: "short" }).format(names);
}

export function formatDate(time: number): string {
  return new Intl.DateTimeFormat(currentLocale(), { dateStyle: "medium", timeStyle: "short" }).format(microseconds(time));
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 7],
  ["week", 4.35],
  ["month", 12],
  ["year", Infinity],
];

/** "5 minutes ago" */
export function formatAgo(time: number, now = Date.now()): string {
  let amount = Math.min(0, (time / 1000 - now) / 1000);
  for (const [unit, size] of STEPS) {
    if (Math.abs(amount) < size) return new Intl.RelativeTimeFormat(currentLocale(), { numeric: "auto" }).format(Math.round(amount), unit);
    amount /= size;
  }
  return "";
}
