// What the person had in front of them when a field or form was opened. An
// edit names exactly that: whatever came in meanwhile was not seen, so it is
// kept beside the edit and never silently replaced by it.
import type { FieldView, Target } from '@/platform/app'

function key(target: Target): string {
  return `${target.kind}/${target.rec}/${target.field}`
}

/** The ids of the values that stand in a field. */
export function headIds(field: FieldView): string[] {
  return field.heads.map((head) => head.id)
}

/** Remembers, per field, what stood in it when it was opened. */
export class SeenMarks {
  private readonly marks = new Map<string, readonly string[]>()

  /** The field comes before the person's eyes; a mark that exists stays. */
  open(field: FieldView): void {
    if (!this.marks.has(key(field.target))) this.marks.set(key(field.target), headIds(field))
  }

  /** The field is opened anew: what stands now is what is seen. */
  reopen(field: FieldView): void {
    this.marks.set(key(field.target), headIds(field))
  }

  /** What to send with an edit; a field that was never opened shows what it shows now. */
  of(field: FieldView): string[] {
    return [...(this.marks.get(key(field.target)) ?? headIds(field))]
  }

  /** Whether something stands in the field that was not there when it was opened. */
  hasNews(field: FieldView, mine: (author: string) => boolean = () => false): boolean {
    const seen = this.of(field)
    return field.heads.some((head) => !seen.includes(head.id) && !mine(head.by.person))
  }

  /** Everything is closed. */
  clear(): void {
    this.marks.clear()
  }
}
