// SPDX-License-Identifier: LGPL-2.1-or-later
import { elementScroll, observeElementOffset, useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useLayoutEffect, useReducer, useRef, useState, type RefObject } from "react";

export const ROW = 20; /* as in log.css */
/** Rows come by the block: a million of them are few things to keep in order. */
const BLOCK = 64;
/** Browsers end at some 17 million pixels; from here on a scrolled pixel stands for several. */
const TALLEST = 8_000_000;
/** Who comes as near to the end as this wants to be there, though it moved on meanwhile. */
const NEAR = 8 * ROW;

export interface LogRows {
  /** First lines of the blocks to be shown, and where each is from the top, in pixels. */
  blocks: { line: number; top: number }[];
  height: number;
  following: boolean;
  follow: (on: boolean) => void;
  /** Brings a line into the middle, and stays there. */
  show: (line: number) => void;
}

/** The rows of a log of @length lines that can be seen in @element, which stays at the end while it follows. */
export function useLogRows(element: RefObject<HTMLElement | null>, length: number): LogRows {
  const [following, setFollowing] = useState(true);
  const [, scrolled] = useReducer((count: number) => count + 1, 0);
  /** Where it was scrolled to, by us or as was seen last. */
  const reached = useRef(0);
  const whole = length * ROW;
  const height = Math.min(whole, TALLEST);
  const view = element.current?.clientHeight ?? 0;
  const scale = height < whole && height > view ? (whole - view) / (height - view) : 1;
  const current = useRef(scale);
  current.current = scale;

  const virtualizer = useVirtualizer({
    count: Math.ceil(length / BLOCK),
    getScrollElement: () => element.current,
    estimateSize: useCallback(() => BLOCK * ROW, []),
    overscan: 1,
    observeElementOffset: useCallback(
      (instance: Parameters<typeof observeElementOffset<HTMLElement>>[0], tell: (offset: number, scrolling: boolean) => void) =>
        observeElementOffset(instance, (offset, scrolling) => {
          tell(offset * current.current, scrolling);
          if (current.current !== 1) scrolled();
        }),
      [],
    ),
    scrollToFn: useCallback<typeof elementScroll>(
      (offset, options, instance) => elementScroll(offset / current.current, options, instance),
      [],
    ),
  });

  const scrollTo = useCallback(
    (top: number) => {
      if (!element.current) return;
      element.current.scrollTop = top;
      reached.current = element.current.scrollTop;
    },
    [element],
  );

  useLayoutEffect(() => {
    if (!following) return;
    scrollTo(Number.MAX_SAFE_INTEGER);
    // Of the tallest log the end stays where it is while other lines come there: nobody scrolls, and nobody is told.
    if (current.current !== 1) element.current?.dispatchEvent(new Event("scroll"));
  }, [element, following, length, scrollTo]);

  // Whoever scrolls up wants to read; who comes back to the end wants to follow.
  useLayoutEffect(() => {
    const log = element.current;
    if (!log) return;
    const look = () => {
      if (log.scrollTop < reached.current) setFollowing(false);
      else if (log.scrollTop > reached.current && log.scrollTop >= log.scrollHeight - log.clientHeight - NEAR) setFollowing(true);
      reached.current = log.scrollTop;
    };
    log.addEventListener("scroll", look, { passive: true });
    return () => log.removeEventListener("scroll", look);
  }, [element]);

  const show = useCallback(
    (line: number) => {
      const log = element.current;
      if (!log) return;
      setFollowing(false);
      scrollTo((line * ROW - log.clientHeight / 2) / current.current);
    },
    [element, scrollTo],
  );

  const top = element.current?.scrollTop ?? 0;
  const shift = scale === 1 ? 0 : top - top * scale;
  const blocks = virtualizer.getVirtualItems().map(({ index, start }) => ({ line: index * BLOCK, top: start + shift }));
  return { blocks, height, following, follow: setFollowing, show };
}

export { BLOCK };
