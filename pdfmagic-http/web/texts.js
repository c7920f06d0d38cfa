// The texts of the page, and numbers in the format of its language.

const { texts } = JSON.parse(document.getElementById("data").textContent);
const { lang } = document.documentElement;

/** Returns a text of the catalog. Names in braces are replaced by values. */
export function text(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Formats a size in bytes. */
export function bytes(n) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = Math.min(3, Math.floor(Math.log10(Math.max(n, 1)) / 3));
  const value = n / 1000 ** power;
  return new Intl.NumberFormat(lang, {
    style: "unit", unit: units[power], unitDisplay: power ? "short" : "long", maximumFractionDigits: value < 10 && power ? 1 : 0,
  }).format(value);
}

/** Formats a number of photos. */
export function photos(n) {
  return text(n === 1 ? "photo" : "photos", { n: new Intl.NumberFormat(lang).format(n) });
}
