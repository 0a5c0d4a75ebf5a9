/** What every page needs: large text and high contrast as chosen before. */

import { startAppearance } from "../lib/appearance.js";

startAppearance();
