/** Runs before each test file: workers that start servers at the same time must not choose the same ports. */
import { keepToPortLane } from "@drawchat/local/ports";

keepToPortLane(Number(process.env.VITEST_POOL_ID ?? "0"));
