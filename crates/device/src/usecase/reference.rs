//! Reading the task's reference package: laws and criteria.

use crate::device::Device;
use crate::view::{AppError, Article};
use domain::id::TaskId;
use domain::matter::{LegalBasis, MajorCriterion};
use domain::package::Package;
use std::sync::Arc;

impl Device {
    /// The legal bases and criteria with these codes, in that order; codes that
    /// the package does not have are left out.
    ///
    /// # Errors
    /// [`crate::view::ErrorCode::NoSuchTask`].
    pub fn articles(&self, task: TaskId, codes: &[String]) -> Result<Vec<Article>, AppError> {
        self.reference(task, |package| {
            let find = |code: &String| {
                let law = package.laws.iter().find(|law| law.code == *code).map(law_article);
                let rule = || package.criteria.iter().find(|rule| rule.code == *code);
                law.or_else(|| rule().map(criterion_article))
            };
            codes.iter().filter_map(find).collect()
        })
    }

    /// Every criterion for major hazards (判定标准).
    ///
    /// # Errors
    /// As [`Device::articles`].
    pub fn criteria(&self, task: TaskId) -> Result<Vec<Article>, AppError> {
        self.reference(task, |package| package.criteria.iter().map(criterion_article).collect())
    }

    /// Every legal basis.
    ///
    /// # Errors
    /// As [`Device::articles`].
    pub fn laws(&self, task: TaskId) -> Result<Vec<Article>, AppError> {
        self.reference(task, |package| package.laws.iter().map(law_article).collect())
    }

    fn reference(
        &self,
        task: TaskId,
        read: impl FnOnce(&Package) -> Vec<Article>,
    ) -> Result<Vec<Article>, AppError> {
        let package: Option<Arc<Package>> = self.with(|open| {
            let ledger = open.joint(task)?;
            open.package(ledger)
        })?;
        Ok(package.map(|package| read(&package)).unwrap_or_default())
    }
}

fn law_article(law: &LegalBasis) -> Article {
    Article {
        code: law.code.clone(),
        title: law.law.clone(),
        article: law.article.clone(),
        text: law.gist.clone(),
        effective_from: Some(law.effective_from.to_string()),
        uncertain: law.uncertain,
    }
}

fn criterion_article(criterion: &MajorCriterion) -> Article {
    Article {
        code: criterion.code.clone(),
        title: criterion.source.clone(),
        article: String::new(),
        text: criterion.text.clone(),
        effective_from: None,
        uncertain: criterion.uncertain,
    }
}
