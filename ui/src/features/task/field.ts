// Where on a task's board the field stands that a target names.
import type { Board, FieldView, Target } from '@/platform/app'

/** The field of an item or a finding; none when the board does not have it. */
export function fieldOf(board: Board, target: Target): FieldView | undefined {
  const items = board.items.flatMap((item) => [item.result, item.remark])
  const findings = board.findings.flatMap((finding) => [finding.assessment, finding.location, finding.fact, finding.requirement, finding.deadline])
  return [...items, ...findings].find((field) => field.target.kind === target.kind && field.target.rec === target.rec && field.target.field === target.field)
}
