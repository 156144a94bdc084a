import { useScope } from "../../data/scope.ts";
import { Button } from "../../design/button.tsx";
import { classes } from "../../design/classes.ts";

/** Lets new rows go to the top of a list at once; only where new ones arrive. */
export function FollowButton(props: {
  isFollowing: boolean;
  setFollowing: (isFollowing: boolean) => void;
  noun: string;
}) {
  const { isFollowing, setFollowing, noun } = props;
  const { isLive, range } = useScope();
  if (!isLive || range.kind !== "preset") return null;
  return (
    <Button
      aria-pressed={isFollowing}
      onClick={() => setFollowing(!isFollowing)}
      data-hint={
        isFollowing ? `New ${noun} go to the top at once.` : `Let new ${noun} go to the top at once, as in a tail.`
      }
      className={classes("max-sm:hidden", isFollowing && "border-accent text-accent")}
    >
      Follow
    </Button>
  );
}
