//! cfn-lint, with what translates SAM templates: each translation is checked, too.

use std::path::PathBuf;

use crate::cache::Cache;
use crate::invocation::Invocation;
use crate::outcome::{Missing, Outcome};
use crate::pypi;
use crate::tool::{Tool, Tools};
use crate::workspace::Workspace;

const PACKAGES: [&str; 2] = ["cfn-lint==1.58.0", "aws-sam-translator==1.115.0"];

/// The folder that Python has to look for modules in.
pub(crate) fn bring(cache: &Cache) -> Result<PathBuf, Missing> {
    pypi::bring(cache, &PACKAGES[0].replace("==", "-"), &PACKAGES)
}

/// Checks the template.
pub(crate) fn template(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let modules = tools.path(Tool::CfnLint)?;
    let lint =
        Invocation::of("python3".as_ref(), "python3", at, "").arg(modules.join("bin/cfn-lint"));
    Ok(lint.arg("--template").arg("aws/template.yaml").env("PYTHONPATH", modules).run())
}
