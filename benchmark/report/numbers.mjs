export function formatNumber(value, digits) {
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

export function formatSpread({min, max}, digits) {
  return `${formatNumber(min, digits)}–${formatNumber(max, digits)}`;
}
