/** Returns the certificates of a PEM text, each as text; the whole text if it does not have any. */
export function pemBlocks(text: string): readonly string[] {
  return text.match(/^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----.*?^-----END \1?CERTIFICATE-----/gms) ?? [text]
}
