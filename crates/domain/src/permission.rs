//! Who may do what at the desk: one table, asked by every route of the server.
//!
//! What a tablet's change may do is judged by `ledger::authority`, with the
//! membership of the task at hand.

use serde::{Deserialize, Serialize};

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Role {
    /// 安委办: convenes and coordinates, never inspects or signs (国办发〔2024〕54号).
    CommitteeOffice,
    /// 牵头部门 at the desk: launches tasks and dispatches them.
    LeadDepartment,
    /// 复核/监督: reviews what came back, alters no record.
    Supervisor,
    /// Runs the installation; sees no substance.
    Administrator,
}

/// What can be done at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// See enterprises, departments and inspectors.
    ReadDirectories,
    /// Bring enterprises in from a file.
    ImportDirectories,
    /// See tasks, records and evidence.
    ReadTasks,
    /// Open a task and put its team together.
    OpenTask,
    /// Send a task to the tablets.
    DispatchTask,
    /// Change the team of a task that is out, or call the visit off.
    ChangeTask,
    /// Hand an item or a finding on to another department.
    HandOn,
    /// Return or approve findings, settle what was marked for review.
    ReviewFindings,
    /// Issue enrolment codes and see tablets.
    ManageTablets,
    /// Take tablets out of service, reset PINs, hand rescue packs in.
    RescueTablets,
}

impl Action {
    /// Every action, for the walk over the table.
    pub const ALL: [Self; 10] = [
        Self::ReadDirectories,
        Self::ImportDirectories,
        Self::ReadTasks,
        Self::OpenTask,
        Self::DispatchTask,
        Self::ChangeTask,
        Self::HandOn,
        Self::ReviewFindings,
        Self::ManageTablets,
        Self::RescueTablets,
    ];
}

/// Whether a role may do something at all; scope (department, division) is a
/// further question of the one who asks.
#[must_use]
pub fn may(role: Role, action: Action) -> bool {
    use Action as A;
    match role {
        Role::CommitteeOffice => action != A::ReviewFindings,
        // Tablets belong to the office, also those of a leading department, and who
        // owns what is not a department's to say.
        Role::LeadDepartment => !matches!(action, A::ReviewFindings | A::RescueTablets | A::HandOn),
        Role::Supervisor => {
            matches!(action, A::ReadDirectories | A::ReadTasks | A::ReviewFindings)
        }
        Role::Administrator => {
            matches!(
                action,
                A::ReadDirectories | A::ImportDirectories | A::ManageTablets | A::RescueTablets
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_supervisor_reviews_and_a_supervisor_changes_nothing_else() {
        for action in Action::ALL {
            let reads = matches!(action, Action::ReadDirectories | Action::ReadTasks);
            let reviews = action == Action::ReviewFindings;
            assert_eq!(may(Role::Supervisor, action), reads || reviews, "{action:?}");
            if reviews {
                assert!(!may(Role::CommitteeOffice, action));
                assert!(!may(Role::LeadDepartment, action));
                assert!(!may(Role::Administrator, action));
            }
        }
    }

    #[test]
    fn only_the_office_and_the_administrator_rescue_tablets() {
        let those = [Role::CommitteeOffice, Role::Administrator];
        for role in
            [Role::CommitteeOffice, Role::LeadDepartment, Role::Supervisor, Role::Administrator]
        {
            assert_eq!(may(role, Action::RescueTablets), those.contains(&role), "{role:?}");
        }
    }

    #[test]
    fn only_the_office_hands_on_what_a_department_owns() {
        for role in [Role::LeadDepartment, Role::Supervisor, Role::Administrator] {
            assert!(!may(role, Action::HandOn), "{role:?}");
        }
        assert!(may(Role::CommitteeOffice, Action::HandOn));
    }

    #[test]
    fn an_administrator_sees_no_substance() {
        assert!(!may(Role::Administrator, Action::ReadTasks));
    }
}
