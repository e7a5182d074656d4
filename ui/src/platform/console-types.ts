// The console's names for what the server sends and takes. The one file that
// touches the generated schemas, so that a renamed schema is one edit here.
// No shape is written by hand but `Page`, which is the same for every list.

import type { components } from './generated/console'

type S = components['schemas']

export type Me = S['Me']
export type Role = S['Role']
export type Overview = S['Overview']

export type Risk = S['Risk']
export type Status = S['Status']
export type Answer = S['Answer']
export type Level = S['Level']
export type TeamRole = S['TeamRole']

export type EnterpriseRow = S['EnterpriseRow']
export type DepartmentRow = S['DepartmentRow']
export type InspectorRow = S['InspectorRow']
export type CheckItemRow = S['CheckItemRow']

export type ImportPreview = S['ImportPreview']
export type ImportSample = S['ImportSample']
export type RowError = S['RowError']
export type Imported = S['Imported']

export type TaskCard = S['TaskCard']
export type NewTask = S['TaskRequest']
export type NewParty = S['PartyRequest']
export type TaskOpened = S['TaskOpened']
export type HandOn = S['HandOn']
export type Settle = S['Settle']

export type Board = S['Board']
export type ShownValue = S['ShownValue']
export type AssessmentView = S['AssessmentView']
export type Byline = S['Byline']
export type HeadView = S['HeadView']
export type FieldView = S['FieldView']
export type PartyView = S['PartyView']
export type SeatView = S['SeatView']
export type ItemView = S['ItemView']
export type EvidenceView = S['EvidenceView']
export type FindingView = S['FindingView']
export type ConflictView = S['ConflictView']
export type ProposalView = S['ProposalView']
export type DecisionView = S['DecisionView']
export type JudgementView = S['JudgementView']
export type DocumentView = S['DocumentView']
export type HistoryEntry = S['HistoryEntry']

export type Article = S['Article']

export type TabletRow = S['TabletRow']
export type CodeIssued = S['CodeIssued']
export type Wipe = S['Wipe']
export type Revoke = S['Revoke']
export type PackReport = S['PackReport']
export type QuarantineRow = S['QuarantineRow']

/** One page of a list that the server sorts, filters and counts. */
export interface Page<Row> {
  rows: Row[]
  /** Rows in the whole list, over all pages. */
  total: number
  /** The page these rows are, from 0. */
  page: number
  /** Rows a page holds at most. */
  size: number
}
