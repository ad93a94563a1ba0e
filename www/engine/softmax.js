/** Probabilities of logits. No DOM here. @param {ArrayLike<number>} logits @param {number} [temperature] what they are divided by */
export function softmax(logits, temperature = 1) {
  const scaled = Float64Array.from(logits, (logit) => logit / temperature);
  const most = scaled.reduce((a, b) => Math.max(a, b), -Infinity);
  const parts = scaled.map((logit) => Math.exp(logit - most));
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((part) => part / sum);
}
