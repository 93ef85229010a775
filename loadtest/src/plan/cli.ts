/** `npm run plan -- --viewers 1000000 …`: what a night needs, from what runs on this machine measured. */
import { planCommand } from "./command.ts";

process.exitCode = await planCommand(process.argv.slice(2), {
  print: (text) => process.stdout.write(text),
  warn: (text) => process.stderr.write(text),
});
