/**
 * Frees the memory of a piece that is no longer used. The memory is outside the heap, where tens of MiB accumulate
 * before the garbage collector runs. It does nothing if the buffer is larger than the piece.
 */
export function free(piece: Uint8Array): void {
  const { buffer, byteLength } = piece
  if (byteLength > 0 && buffer instanceof ArrayBuffer && buffer.byteLength === byteLength)
    buffer.transferToFixedLength(0)
}
