import { z } from 'zod';

/** What every kind of location has. */
export const commonLocation = {
  /** Shown in messages; the config node's name or the URL. */
  name: z.string().min(1),
};
