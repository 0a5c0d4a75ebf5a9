/** Resident identity numbers, GB 11643-1999. Pure; the server checks the same again. */

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS = "10X98765432";

/** Spaces and hyphens out, full-width digits to plain ones, x to X, as people type and card readers send it. @param {string} typed */
export function normaliseIdNumber(typed) {
  return typed.normalize("NFKC").replace(/[\s-]+/g, "").toUpperCase();
}

/**
 * What is wrong with a number; the codes are the server's.
 *
 * @param {string} number normalised
 * @returns {"id_number_length" | "id_number_date" | "id_number_check_digit" | null} null: it holds
 */
export function idNumberFault(number) {
  if (!/^\d{17}[\dX]$/.test(number)) return "id_number_length";
  if (!isDate(number.slice(6, 14))) return "id_number_date";
  return checkCharacter(number) === number[17] ? null : "id_number_check_digit";
}

/** @param {string} number */
function checkCharacter(number) {
  const sum = WEIGHTS.reduce((total, weight, place) => total + weight * Number(number[place]), 0);
  return CHECK_CHARACTERS[sum % 11];
}

/** @param {string} digits YYYYMMDD */
function isDate(digits) {
  const [year, month, day] = [Number(digits.slice(0, 4)), Number(digits.slice(4, 6)), Number(digits.slice(6))];
  const date = new Date(Date.UTC(year, month - 1, day));
  return year >= 1850 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
