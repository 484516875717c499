// The policy, as the build compiles it from policy.toml, and the files that it names. Import each of them as text, and
// export it under the name that the policy uses.
import policy from "./policy.bin";

export default { "policy.bin": policy };
