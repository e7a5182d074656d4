//! The main job holds, from the office to three tablets and back.

#![allow(clippy::print_stdout, reason = "steps and times help to read a failure")]

#[tokio::test]
async fn a_joint_task_goes_out_is_worked_on_offline_and_comes_back_approved() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = std::env::var_os("LIANJIAN_JOURNEY_OUT").map(std::path::PathBuf::from);
    let out = kept.as_deref().unwrap_or(folder.path());
    let result = journeys::main_job::run(out, &mut |line| println!("{line}")).await;
    if let Err(problem) = result {
        // Pictures and logs are what explains a failure.
        let kept = folder.keep();
        panic!("{problem:?}\nsee {}", kept.display());
    }
}
