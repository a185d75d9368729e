/**
 * Frees the memory of a piece that nobody reads any more. It lies outside the heap, where garbage collection lets tens of
 * MiB add up: it waits for objects of the heap to be many. Nothing is done if the memory holds more than the piece.
 */
export function free(piece: Uint8Array): void {
  const { buffer, byteLength } = piece
  if (byteLength > 0 && buffer instanceof ArrayBuffer && buffer.byteLength === byteLength)
    buffer.transferToFixedLength(0)
}
