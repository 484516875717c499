// The policy and the files that it names. Import each as text, and export it under the name that the policy uses.
import policy from "./policy.toml";

export default { "policy.toml": policy };
