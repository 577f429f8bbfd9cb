<?php
/**
 * What people have to do.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Lists the open tasks, those that are late first.
 */
class Wcflow_Tasks_Page {

	const PER_PAGE = 50;

	/**
	 * Return the tasks that are due by now.
	 *
	 * @param array[] $tasks Tasks.
	 * @return array[]
	 */
	public static function due( $tasks ) {
		return array_filter(
			$tasks,
			function ( $task ) {
				$stamp = Wcflow_Html::stamp( Wcflow_Card::string( $task, 'due' ) );
				return $stamp && $stamp <= time();
			}
		);
	}

	/**
	 * Print the tab.
	 */
	public static function render() {
		$all      = Wcflow_Card::list_of( Wcflow_Admin::summary(), 'tasks' );
		$view     = Wcflow_Bulk::chosen( 'view' );
		$assignee = Wcflow_Bulk::chosen( 'assignee' );
		$tasks    = 'due' === $view ? self::due( $all ) : $all;
		if ( '' !== $assignee ) {
			$tasks = array_filter(
				$tasks,
				function ( $task ) use ( $assignee ) {
					return Wcflow_Card::string( $task, 'assignee' ) === $assignee;
				}
			);
		}
		usort( $tasks, array( __CLASS__, 'compare' ) );
		self::views( $all, $view, $assignee );
		if ( ! $tasks ) {
			echo '<p class="wcflow-none wcflow-clear-both">' . esc_html( $all ? __( 'Nothing to do here.', 'wcflow-companion' ) : __( 'No open tasks. Reminders that you add on a customer’s page and tasks of workflows appear here.', 'wcflow-companion' ) ) . '</p>';
			return;
		}
		$page = max( 1, min( (int) ceil( count( $tasks ) / self::PER_PAGE ), absint( Wcflow_Bulk::chosen( 'paged' ) ) ) );
		self::table( array_slice( $tasks, ( $page - 1 ) * self::PER_PAGE, self::PER_PAGE ) );
		$links = paginate_links(
			array(
				'base'    => add_query_arg( 'paged', '%#%', remove_query_arg( array( 'wcflow_sent', 'wcflow_problem' ) ) ),
				'format'  => '',
				'current' => $page,
				'total'   => (int) ceil( count( $tasks ) / self::PER_PAGE ),
			)
		);
		echo $links ? '<p class="wcflow-pages">' . wp_kses_post( $links ) . '</p>' : '';
	}

	/**
	 * Order tasks by their date; those without a date come last.
	 *
	 * @param array $one   Task.
	 * @param array $other Task.
	 * @return int
	 */
	private static function compare( $one, $other ) {
		$a = Wcflow_Html::stamp( Wcflow_Card::string( $one, 'due' ) );
		$b = Wcflow_Html::stamp( Wcflow_Card::string( $other, 'due' ) );
		return ( $a ? $a : PHP_INT_MAX ) <=> ( $b ? $b : PHP_INT_MAX );
	}

	/**
	 * Print the links and the menu that narrow the list.
	 *
	 * @param array[] $all      All tasks.
	 * @param string  $view     View that is shown.
	 * @param string  $assignee Assignee that is shown, or empty.
	 */
	private static function views( $all, $view, $assignee ) {
		$views = array(
			''    => array( __( 'All', 'wcflow-companion' ), count( $all ) ),
			'due' => array( __( 'Due', 'wcflow-companion' ), count( self::due( $all ) ) ),
		);
		$links = array();
		foreach ( $views as $key => $one ) {
			$url     = Wcflow_Html::url( 'tasks', array_filter( array( 'view' => $key, 'assignee' => $assignee ), 'strlen' ) ); // phpcs:ignore WordPress.Arrays.ArrayDeclarationSpacing.AssociativeArrayFound
			$current = $view === $key ? ' class="current" aria-current="page"' : '';
			$links[] = '<a href="' . esc_url( $url ) . '"' . $current . '>' . esc_html( $one[0] ) . ' <span class="count">(' . esc_html( number_format_i18n( $one[1] ) ) . ')</span></a>';
		}
		echo '<ul class="subsubsub"><li>' . implode( " |</li>\n<li>", $links ) . '</li></ul>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped above.
		$names = array_unique( array_filter( array_map( array( 'Wcflow_Card', 'string' ), $all, array_fill( 0, count( $all ), 'assignee' ) ), 'strlen' ) );
		if ( count( $names ) > 1 || '' !== $assignee ) {
			echo '<form method="get" class="wcflow-assignee"><input type="hidden" name="page" value="wcflow"><input type="hidden" name="tab" value="tasks"><input type="hidden" name="view" value="' . esc_attr( $view ) . '">';
			echo Wcflow_Html::select( 'assignee', __( 'Filter by person', 'wcflow-companion' ), __( 'Everyone', 'wcflow-companion' ), array_combine( $names, $names ), $assignee ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
			echo ' <button type="submit" class="button">' . esc_html__( 'Filter', 'wcflow-companion' ) . '</button></form>';
		}
	}

	/**
	 * Print the tasks.
	 *
	 * @param array[] $tasks Tasks.
	 */
	private static function table( $tasks ) {
		$waiting = new Wcflow_Pending( Wcflow_Mailbox::of_tasks( Wcflow_Card::string( Wcflow_Admin::summary(), 'received_at' ) ) );
		$done    = $waiting->values( 'task.done', 'task' );
		$later   = $waiting->values( 'task.snooze', 'task' );
		echo '<table class="widefat striped wcflow-table wcflow-clear-both"><thead><tr>';
		foreach ( array( __( 'Task', 'wcflow-companion' ), __( 'Customer', 'wcflow-companion' ), __( 'Due', 'wcflow-companion' ), __( 'For', 'wcflow-companion' ), __( 'Action', 'wcflow-companion' ) ) as $heading ) {
			echo '<th scope="col">' . esc_html( $heading ) . '</th>';
		}
		echo '</tr></thead><tbody>';
		foreach ( $tasks as $task ) {
			self::row( $task, $done, $later );
		}
		echo '</tbody></table>';
	}

	/**
	 * Print one task.
	 *
	 * @param array    $task  Task.
	 * @param string[] $done  Ids of tasks that are being marked as done.
	 * @param string[] $later Ids of tasks that are being moved.
	 */
	private static function row( $task, $done, $later ) {
		$id     = Wcflow_Card::string( $task, 'id' );
		$person = absint( Wcflow_Card::string( $task, 'person' ) );
		$name   = Wcflow_Card::string( $task, 'name' );
		$order  = absint( Wcflow_Card::string( $task, 'order_id' ) );
		$for    = Wcflow_Card::string( $task, 'assignee' );
		echo '<tr' . ( in_array( $id, $done, true ) ? ' class="wcflow-is-removing"' : '' ) . '><td data-colname="' . esc_attr__( 'Task', 'wcflow-companion' ) . '"><bdi>' . esc_html( Wcflow_Card::string( $task, 'text' ) ) . '</bdi></td><td data-colname="' . esc_attr__( 'Customer', 'wcflow-companion' ) . '">';
		if ( $person ) {
			/* translators: %d: number of the customer in wcflow */
			echo '<a href="' . esc_url( Wcflow_Html::person_url( $person ) ) . '"><bdi>' . esc_html( '' !== $name ? $name : sprintf( __( 'Customer %d', 'wcflow-companion' ), $person ) ) . '</bdi></a>';
		}
		echo $order ? ' · ' . Wcflow_Person_Parts::order_link( $order ) : ''; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
		echo '</td><td data-colname="' . esc_attr__( 'Due', 'wcflow-companion' ) . '">' . self::due_words( Wcflow_Card::string( $task, 'due' ) ) . '</td><td data-colname="' . esc_attr__( 'For', 'wcflow-companion' ) . '">' . ( '' === $for ? '' : '<bdi>' . esc_html( $for ) . '</bdi>' ) . '</td><td class="wcflow-task-actions" data-colname="' . esc_attr__( 'Action', 'wcflow-companion' ) . '">'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
		if ( in_array( $id, $done, true ) ) {
			echo '<em>' . esc_html__( 'being marked as done', 'wcflow-companion' ) . '</em>';
		} elseif ( in_array( $id, $later, true ) ) {
			echo '<em>' . esc_html__( 'being moved', 'wcflow-companion' ) . '</em>';
		} elseif ( Wcflow_Admin::may_edit() ) {
			self::buttons( $id, $person, Wcflow_Html::short( Wcflow_Card::string( $task, 'text' ) ) );
		}
		echo '</td></tr>';
	}

	/**
	 * Print the forms of one task.
	 *
	 * @param string $id     Task.
	 * @param int    $person Person.
	 * @param string $words  Text of the task, for screen readers.
	 */
	private static function buttons( $id, $person, $words ) {
		$generation = Wcflow_Card::string( Wcflow_Admin::summary(), 'generation' );
		Wcflow_Requests::open_form( 'task.done', $person, $generation );
		echo '<input type="hidden" name="wcflow[task]" value="' . esc_attr( $id ) . '"><button type="submit" class="button">' . esc_html__( 'Done', 'wcflow-companion' ) . '<span class="screen-reader-text">: ' . esc_html( $words ) . '</span></button></form> ';
		Wcflow_Requests::open_form( 'task.snooze', $person, $generation );
		$field = 'wcflow-snooze-' . sanitize_html_class( $id );
		echo '<input type="hidden" name="wcflow[task]" value="' . esc_attr( $id ) . '"><label class="screen-reader-text" for="' . esc_attr( $field ) . '">' . esc_html__( 'Remind me again', 'wcflow-companion' ) . '</label><select id="' . esc_attr( $field ) . '" name="wcflow[until]">';
		$choices = array(
			'+1'  => __( 'tomorrow', 'wcflow-companion' ),
			'+3'  => __( 'in 3 days', 'wcflow-companion' ),
			'+7'  => __( 'in a week', 'wcflow-companion' ),
			'+30' => __( 'in a month', 'wcflow-companion' ),
		);
		foreach ( $choices as $value => $label ) {
			echo '<option value="' . esc_attr( $value ) . '">' . esc_html( $label ) . '</option>';
		}
		echo '</select> <button type="submit" class="button">' . esc_html__( 'Snooze', 'wcflow-companion' ) . '<span class="screen-reader-text">: ' . esc_html( $words ) . '</span></button></form>';
	}

	/**
	 * Return when something is due, marked where it is late.
	 *
	 * @param string $due Time in UTC.
	 * @return string
	 */
	public static function due_words( $due ) {
		$stamp = Wcflow_Html::stamp( $due );
		if ( ! $stamp ) {
			return '';
		}
		if ( wp_date( 'Y-m-d', $stamp ) === wp_date( 'Y-m-d' ) ) {
			return '<strong class="wcflow-late">' . esc_html__( 'Today', 'wcflow-companion' ) . '</strong>';
		}
		if ( $stamp < time() ) {
			/* translators: %s: a time span such as "2 days" */
			return '<strong class="wcflow-late">' . esc_html( sprintf( __( '%s late', 'wcflow-companion' ), human_time_diff( $stamp, time() ) ) ) . '</strong>';
		}
		return Wcflow_Html::date( $due );
	}
}
