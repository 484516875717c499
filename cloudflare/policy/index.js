// The policy, and the files that it names: each is imported as text, under the name that the policy has for it.
import policy from "./policy.toml";

export default { "policy.toml": policy };
