/** Whether a string has no lone surrogate, so that it has a UTF-8 form. */
export function isWellFormed(text: string): boolean {
  // Every Node 20 has the method; the library types of ES2022 do not.
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
