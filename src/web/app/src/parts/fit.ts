// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Device, Model } from "@rbee/hive-sdk";

import { _, format } from "../i18n.ts";
import { formatSize } from "./format.ts";

export interface Fit {
  fits: boolean;
  words: string;
}

/** Whether a model has room on a device, by its weights and what its whole context takes besides; undefined: nobody knows. */
export function fitOf(model: Model, device: Device | undefined): Fit | undefined {
  if (!device?.memory) return undefined;
  const weights = model.size;
  const whole = weights + model.cache_per_token * model.context_length;
  const values = {
    device: device.id,
    memory: formatSize(device.memory, 1024),
    weights: formatSize(weights, 1024),
    whole: formatSize(whole, 1024),
  };

  if (weights > device.memory)
    return { fits: false, words: format(_("Its {weights} do not fit into {device}, which has {memory}."), values) };
  if (whole > device.memory)
    return { fits: false, words: format(_("With its whole context it takes {whole}; {device} has {memory}. A part of it fits."), values) };
  return { fits: true, words: format(_("With its whole context it takes {whole} of the {memory} of {device}."), values) };
}
