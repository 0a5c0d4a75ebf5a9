/** The schedule: the grid over the list, which works alone where there is no script. */

import "../schedule/board.js";
